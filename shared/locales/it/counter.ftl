# Le pagine della filiale.

nav-today = Oggi
