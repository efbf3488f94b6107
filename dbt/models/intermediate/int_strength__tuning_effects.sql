-- One sweep over the terms tells half-lives apart as three do, at a third of the time and memory.
{{ fit_effects(ref('int_strength__tuning_cells'), win_terms(), passes=1) }}
