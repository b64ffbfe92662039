"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Tenant, tenant: a tenant was made and is entered.
tenant_created = Signal()
