"""Runs in the environment that has Presidio: a JSON text a line in, what its AnalyzerEngine finds in it out.

``{"entities": […]}`` is the first line: what to look for. The answer to a text is ``{"ms": …, "found": [[start, end,
entity, score], …]}``. No model: patterns with its no-op engine; recognizers that are off by default are on where an
entity wants them, which favours it.
"""

import importlib
import json
import resource
import sys
import time
from typing import Any

EXTRA = ("UkNinoRecognizer", "InAadhaarRecognizer", "EsNifRecognizer", "PlPeselRecognizer", "CaSinRecognizer")


def engine() -> Any:
    presidio = importlib.import_module("presidio_analyzer")
    nlp = importlib.import_module("presidio_analyzer.nlp_engine")
    more = importlib.import_module("presidio_analyzer.predefined_recognizers")
    tldextract: Any = importlib.import_module("tldextract")
    tldextract.extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=()).__call__
    quiet = nlp.NoOpNlpEngine([{"lang_code": "en", "model_name": "no_op"}])
    quiet.load()
    registry = presidio.RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=quiet)
    for name in EXTRA:
        registry.add_recognizer(getattr(more, name)(supported_language="en"))
    return presidio.AnalyzerEngine(registry=registry, nlp_engine=quiet)


def main() -> None:
    entities = json.loads(sys.stdin.readline())["entities"]
    made = engine()
    made.analyze("warm", "en", entities=entities)
    for line in sys.stdin:
        text = json.loads(line)
        begun = time.perf_counter()
        results = made.analyze(text, "en", entities=entities)
        took = (time.perf_counter() - begun) * 1000
        found = [[r.start, r.end, r.entity_type, r.score] for r in results]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"ms": took, "found": found, "mb": memory}), flush=True)


if __name__ == "__main__":
    main()
