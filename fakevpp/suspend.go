package fakevpp

// await gives up ownership of the data plane until done is closed, for a
// handler or command that takes time: packets and other clients go on, as when
// a process node of VPP's is suspended. It says if the VPP is still the same one
// afterwards. The data plane must close done when it closes.
func (v *VPP) await(done <-chan struct{}) bool {
	dp, inCall, events := v.dp, v.inCall, v.posted
	v.inCall, v.posted = false, nil
	v.gate.RUnlock()
	dp.Unlock()
	<-done
	v.gate.RLock()
	dp.Lock()
	if v.dp != dp {
		return false
	}
	v.inCall, v.posted = inCall, append(events, v.posted...)
	return true
}
