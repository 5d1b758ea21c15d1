"""A mailbox as the sandbox plays it: mails taken over SMTP and kept for reading."""
