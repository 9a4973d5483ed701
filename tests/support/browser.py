"""What a browser says of itself where a page of ours sends a form: without it nothing is changed by a session."""

OWN_PAGE = {"sec-fetch-site": "same-origin"}
