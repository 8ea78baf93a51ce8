# Les pages de la centrale.

office-title = Centrale
