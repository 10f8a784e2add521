"""Pure folds over logged events: the same events always give the same result.

Every projection takes (order, record) pairs, a record being what `domain.fields.Event` describes,
over any range of orders; folding two halves one after the other is folding the whole.
"""
