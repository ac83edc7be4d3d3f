"""A preview of every stage for a pull request.

One workflow runs the code of the request and makes the preview. It may only read. Another workflow publishes the
preview. It may write, and it runs no code of the request.
"""
