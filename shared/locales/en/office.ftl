# The office’s pages.

office-title = Office
