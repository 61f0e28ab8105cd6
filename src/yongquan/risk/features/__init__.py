"""Numbers about the past of each party of an event, over sliding windows."""
