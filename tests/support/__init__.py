"""What tests share: services, builders, fakes that subclass the real ports."""
