"""Shows what a change would do to a stage, by comparing two renderings of the stage resource by resource."""
