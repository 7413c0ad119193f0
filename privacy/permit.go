package privacy

// Permit is how much may leave.
type Permit struct {
	Level      Level `json:"level"`
	Categories Set   `json:"categories"`
}

// Allows reports whether a field may leave. What is strictly needed — that
// consent was given or ended — has no switch.
func (p Permit) Allows(f Field) bool {
	if f.declared == nil {
		return false
	}
	return f.Level == Necessary || f.Level <= p.Level && p.Categories.Has(f.Category)
}

// And returns what both permits allow.
func (p Permit) And(o Permit) Permit {
	return Permit{min(p.Level, o.Level), p.Categories & o.Categories}
}

// covers reports whether p allows all that o does.
func (p Permit) covers(o Permit) bool { return p.And(o) == o }

// Asked is what a configuration asks for.
type Asked struct {
	Permit
	// Notice says that nothing leaves before the owner was asked. Without it,
	// the owner's contract covers the operational level until the owner decides.
	Notice  bool
	Version int // of the text that the owner is shown
}

// effective is what may leave: never more than is asked, never more than the
// owner decided.
func effective(a Asked, decided *Decision) Permit {
	switch {
	case decided != nil:
		return a.And(decided.Permit)
	case a.Notice:
		return Permit{}
	}
	return a.And(Permit{Operational, Ordinary})
}
