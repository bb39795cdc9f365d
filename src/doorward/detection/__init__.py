"""What is known of personal data and secrets, and where they hide in messages. Pure: no plug-in, no I/O, no clock."""
