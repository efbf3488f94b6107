{{ fit_effects(ref('int_values__cells'), value_terms(), 'gaussian') }}
