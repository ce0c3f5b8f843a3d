"""What people read, in words: a module for each room whose facts become sentences.

SQL and rules return a key and its facts; the words of a key are here, as templates, apart from the code that finds the
facts. Several rooms show the same facts, and none of them may import another, so the words are here.
"""
