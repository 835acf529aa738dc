"""What is known of contents, creators and users."""
