# Les pages de la succursale.

nav-today = Aujourd’hui
