"""Facts as signed FHIR R4 messages with a closed profile, and back."""
