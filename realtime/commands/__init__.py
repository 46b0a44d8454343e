"""What `tutor` can do, a module each, imported when it is asked for: `tutor pull` need not load the server."""
