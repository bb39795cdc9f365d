"""Pattern entities: what a string is by its own form, its check digits, and what is said around it."""

from doorward.detection.recognizers.all import candidates, prepare
from doorward.detection.recognizers.look import Candidate
from doorward.detection.recognizers.triggers import ADDRESS_TRIGGERS, TRIGGERS

__all__ = ["ADDRESS_TRIGGERS", "TRIGGERS", "Candidate", "candidates", "prepare"]
