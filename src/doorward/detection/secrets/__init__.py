"""Secrets: documented token formats, keys, credentials in URLs and headers, assigned passwords, a user's own rules, and
the credentials that the gateway itself holds.
"""
