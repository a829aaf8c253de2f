"""The enrolment's pages: the four steps, the photos in them, the webcam, and the walk-past test."""
