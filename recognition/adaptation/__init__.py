"""A site's own head on the shipped embedding: fitted, judged on people held out, made a model.

``sample`` what is needed, ``head`` the head and its file, ``fitting`` how it is found, ``judging``
and ``training`` whether it is better, ``pack`` the model that is added. No name is exported here:
the portal reads ``sample``'s numbers, and must load nothing heavy for them.
"""
