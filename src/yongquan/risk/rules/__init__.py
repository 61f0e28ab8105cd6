"""Rules of risk: a book of them in YAML, checked when saved, judged per event, versions with maker and checker."""
