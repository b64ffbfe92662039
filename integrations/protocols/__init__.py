"""What every wire of a kind offers: one module a kind (channel, crm, …), data and Protocol classes only."""
