"""Special forms that one paper uses, as recipes over the general functions."""
