# Le pagine della centrale.

office-title = Centrale
