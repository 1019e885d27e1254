"""Mutation testing of the code that money depends on: small mistakes are made in it, and a test must see each.

``make mutate`` runs it. mutmut leaves alone what this code keeps outside of plain functions (the table of states,
the SQL, properties, the transaction), so the mistakes are made here, with the standard library's ``ast``.
"""
