"""Questions and answers (问答): a shop asks, staff answer, what helps many is published and searched."""
