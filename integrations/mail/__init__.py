"""E-mail: a box of the tenant's own by IMAP and SMTP, or letters that a mail service posts to our hook."""
