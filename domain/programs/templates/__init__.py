"""Templates: one file a kind of program, each a form and a pure function from its values to a terms document.

`form.py` says what fields are and reads values, `parts.py` holds fields and parts of rules that many share,
`registry.py` names every template.
"""
