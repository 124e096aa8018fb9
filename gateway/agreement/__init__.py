"""The convenant as an agreement: laid down, signed by the partners, in force until it ends or one of them revokes."""
