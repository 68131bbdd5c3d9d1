"""Blueprints: nodes, their spots and pms, ceilings and keyholes."""
