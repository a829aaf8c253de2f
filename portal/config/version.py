"""The product's version, shown on the System page and in the API description."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
