# The branch’s pages.

nav-today = Today
