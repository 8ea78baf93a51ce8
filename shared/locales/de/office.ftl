# Die Seiten der Zentrale.

office-title = Zentrale
