"""The SHA-256 of the model beside it; ``tools/train_names.py`` writes both."""

SHA256 = "2af3e180019f421fb44e6308f0679dc2d35333e3676a982896d0285f869ea442"
