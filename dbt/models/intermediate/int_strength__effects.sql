{{ fit_effects(ref('int_strength__cells'), win_terms()) }}
