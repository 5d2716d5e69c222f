"""The frame of the page: its header, addresses, languages, words explained, the lesson and the keys."""
