"""Every noun by name, for fields that name a type of another file."""

from strawberry.types.lazy_type import LazyType

ACCOUNT = LazyType("Account", "api.graph.accounts")
ACTIVITY = LazyType("Activity", "api.graph.activities")
API_KEY = LazyType("ApiKey", "api.graph.api_keys")
AWARD = LazyType("Award", "api.graph.awards")
DUE = LazyType("Due", "api.graph.dues")
ENROLLMENT = LazyType("Enrollment", "api.graph.enrollments")
LEADERBOARD = LazyType("Leaderboard", "api.graph.leaderboards")
LOT = LazyType("Lot", "api.graph.lots")
MEMBER = LazyType("Member", "api.graph.members")
PARTNER = LazyType("Partner", "api.graph.partners")
PROGRAM = LazyType("Program", "api.graph.programs")
SOURCE = LazyType("Source", "api.graph.sources")
TERMS = LazyType("Terms", "api.graph.terms")
UNIT = LazyType("Unit", "api.graph.units")
WALLET = LazyType("Wallet", "api.graph.wallets")
WEBHOOK_ENDPOINT = LazyType("WebhookEndpoint", "api.graph.webhooks")
WEBHOOK_DELIVERY = LazyType("WebhookDelivery", "api.graph.webhooks")
