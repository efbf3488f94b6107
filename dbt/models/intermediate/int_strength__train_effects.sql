{{ fit_strength(ref('int_strength__cells'), 'train') }}
