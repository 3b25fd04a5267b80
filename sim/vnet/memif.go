package vnet

// DeviceMemif is the class of memif interfaces (src/plugins/memif).
var DeviceMemif = &DeviceClass{Name: "memif", Input: "memif-input"}
