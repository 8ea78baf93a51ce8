# Die Seiten der Filiale.

nav-today = Heute
