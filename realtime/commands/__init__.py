"""What `tutor` can do, a module each, imported when it is asked for: `tutor pull` loads no server."""
