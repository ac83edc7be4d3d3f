"""What a change does to a stage before it does it: two renderings of it, compared resource by resource."""
