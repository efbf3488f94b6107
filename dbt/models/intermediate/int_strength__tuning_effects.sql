{{ fit_effects(ref('int_strength__tuning_cells'), win_terms()) }}
