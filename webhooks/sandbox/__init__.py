"""The payment sandbox: the part of the payment provider's API that we use, without the money.

A small server of its own, with its own state, reached only over HTTP: the product speaks to it with
the provider's SDK, as it speaks to the provider. It shows the payment page, signs and delivers
webhooks, and can be told to misbehave (`GET /sandbox`). It moves no money and refuses live keys.
"""
