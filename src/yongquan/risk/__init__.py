"""The room of risk: so far the event model, which learns from a file of events and scores another."""
