"""People and programs that an OpenID provider vouches for: its tokens at the API, and log-in to pages."""
