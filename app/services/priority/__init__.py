"""Priority cases: the flags of the directive as functions of facts and a day, never stored."""
